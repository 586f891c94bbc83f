"""Validates a bill of materials and a record; prints what is wrong, one a line."""

import json
import sys

import jsonschema
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

given = json.load(sys.stdin)

error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(given["bill"])
if error is not None:
    print("bill:", error)

schema = json.loads(given["schema"])
jsonschema.Draft202012Validator.check_schema(schema)
for error in jsonschema.Draft202012Validator(schema).iter_errors(json.loads(given["record"])):
    print("record:", error.json_path, error.message)

bill = json.loads(given["bill"])
references = [part["bom-ref"] for part in bill["components"]]
references.append(bill["metadata"]["component"]["bom-ref"])
for reference in sorted(set(references)):
    if references.count(reference) > 1:
        print("bill: twice:", reference)
for dependency in bill["dependencies"]:
    for reference in [dependency["ref"], *dependency["dependsOn"]]:
        if reference not in references:
            print("bill: no component:", reference)
for part in bill["components"]:
    if "purl" not in part:
        continue
    purl = PackageURL.from_string(part["purl"])
    # The reference leaves slashes in qualifiers as they are; the specification's own tests do not.
    if purl.to_string() != part["purl"].replace("%2F", "/"):
        print("bill: not canonical:", part["purl"], purl.to_string())
    if purl.type == "pypi" and purl.version != part["version"]:
        print("bill: another version:", part["purl"])
