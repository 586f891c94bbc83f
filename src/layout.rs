//! Where things are in the image.

/// The virtualenv, where every service of an image lives.
pub const VIRTUALENV: &str = "/var/lib/openstack";

/// The virtualenv's interpreter.
pub const PYTHON: &str = "/var/lib/openstack/bin/python";

/// What makes it a virtualenv (PEP 405).
pub const PYVENV_CFG: &str = "/var/lib/openstack/pyvenv.cfg";

/// What we keep between steps and runs; removed by `cleanup`.
pub const STATE: &str = "/var/lib/loci-install";

/// Programs that stand in for others while packages are being installed.
pub const PROGRAMS: &str = "/var/lib/loci-install/programs";

/// What a release's build fetched and built; a cache that may be mounted, and that
/// only costs time when it is lost.
pub const CACHE: &str = "/var/cache/loci-install";

/// Where `info` writes.
pub const IMAGE_INFO: &str = "/etc/image_info";

/// What the virtualenv was made from; it dies with the virtualenv, and `cleanup` removes it.
pub const STAMPS: &str = "/var/lib/openstack/.loci-install";
