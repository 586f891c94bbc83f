//! Images that are about to be built.

use crate::test::Test;

impl Test {
    /// A Debian 13 image that is about to become one of Keystone: nothing is
    /// installed, wheels and source are mounted.
    pub fn debian() -> Self {
        Self::new()
            .set("PROJECT", "keystone")
            .file("etc/os-release", DEBIAN)
            .file("etc/debian_version", "13.1\n")
            .file("etc/passwd", "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n")
            .file("etc/group", "root:x:0:\nwww-data:x:33:\n")
            .file("opt/loci/bindep.txt", BINDEP)
            .file("opt/loci/pydep.txt", PYDEP)
            .file("wheels/pip-25.1.1-py3-none-any.whl", "")
            .file("wheels/keystoneauth1-5.11.0-py3-none-any.whl", "")
            .file("wheels/upper-constraints.txt", "keystoneauth1===5.11.0\n")
            .file("tmp/keystone/setup.cfg", "[metadata]\nname = keystone\n")
            .file("tmp/keystone/setup.py", "import setuptools\nsetuptools.setup(setup_requires=['pbr'], pbr=True)\n")
            .file("tmp/keystone/PKG-INFO", "Metadata-Version: 2.1\nName: keystone\nVersion: 27.0.0\n")
    }

    /// The same on Ubuntu 24.04.
    pub fn ubuntu() -> Self {
        Self::debian()
            .without("etc/debian_version")
            .file("etc/os-release", UBUNTU)
    }
}

const DEBIAN: &str = r#"PRETTY_NAME="Debian GNU/Linux 13 (trixie)"
NAME="Debian GNU/Linux"
VERSION_ID="13"
VERSION="13 (trixie)"
VERSION_CODENAME=trixie
ID=debian
"#;

const UBUNTU: &str = r#"PRETTY_NAME="Ubuntu 24.04.3 LTS"
NAME="Ubuntu"
VERSION_ID="24.04"
VERSION="24.04.3 LTS (Noble Numbat)"
VERSION_CODENAME=noble
ID=ubuntu
ID_LIKE=debian
UBUNTU_CODENAME=noble
"#;

const BINDEP: &str = "\
apache2 [platform:dpkg (apache keystone)]
httpd [platform:rpm (apache keystone)]
libldap2 [platform:debian ldap]
libldap2t64 [platform:ubuntu-noble ldap]
libpcre3 [platform:dpkg jammy]
";

const PYDEP: &str = "\
uwsgi [keystone]
python-ldap [ldap keystone]
";
