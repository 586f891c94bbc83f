"""Answers JSON cases on standard input as the reference bindep does."""

import functools
import json
import logging
import sys
import tempfile
from pathlib import Path

import bindep.depends as depends
import distro

# The reference compiles its grammar anew for every file, which takes half a second.
make = functools.lru_cache(maxsize=None)(lambda grammar: make_grammar(grammar, {}))
make_grammar = depends.makeGrammar
depends.makeGrammar = lambda grammar, bindings: make(grammar)

logging.disable()


class Installed:
    def __init__(self, versions):
        self.versions = versions

    def get_pkg_version(self, name):
        return self.versions.get(name)


def file(case):
    try:
        parsed = depends.Depends(case["text"])
    except depends.DependsException:
        return {"error": True}
    active = parsed.active_rules(case["profiles"])
    parsed.platform = Installed(case["installed"])
    try:
        check = parsed.check_rules(active)
    except Exception:
        check = "exception"
    return {
        "rules": parsed._rules,
        "profiles": parsed.profiles(),
        "active": [rule[0] for rule in active],
        "check": check,
    }


def version(case):
    try:
        return depends._eval(case["installed"], case["operator"], case["wanted"])
    except Exception:
        return "exception"


def platform(case):
    with tempfile.TemporaryDirectory() as root:
        etc = Path(root, "etc")
        etc.mkdir()
        etc.joinpath("os-release").write_text(case["os_release"], encoding="utf-8", newline="")
        found = distro.LinuxDistribution(root_dir=root)
        try:
            depends.distro = found
            return {
                "id": found.id(),
                "version": found.version(),
                "codename": found.codename(),
                "atoms": depends.Depends("").platform_profiles(),
            }
        except Exception as error:
            return {"exception": str(error)}


cases = json.load(sys.stdin)
json.dump(
    {
        "files": [file(case) for case in cases["files"]],
        "versions": [version(case) for case in cases["versions"]],
        "platforms": [platform(case) for case in cases["platforms"]],
    },
    sys.stdout,
)
