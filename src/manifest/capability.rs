//! File capabilities as people write them.

/// The names of capabilities(7) by their numbers, `linux/capability.h`.
const NAMES: [&str; 41] = [
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
];

/// `cap_net_raw=ep`, as getcap(8) prints the attribute `security.capability`
/// (`struct vfs_cap_data`); its digits where it is of another kind.
#[must_use]
pub fn described(value: &[u8]) -> String {
    plain(value).unwrap_or_else(|| crate::words::hex(value))
}

/// Reads the attribute from its hexadecimal digits.
#[must_use]
pub fn parse(digits: &str) -> Option<Vec<u8>> {
    let bytes = (0..digits.len()).step_by(2);
    bytes
        .map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok())
        .collect()
}

/// Those that are in the permitted set alone: what setcap(8) makes of `=p` and `=ep`.
fn plain(value: &[u8]) -> Option<String> {
    let word = |index: usize| {
        let bytes = value.get(4 * index..4 * index + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    };
    // VFS_CAP_REVISION_2; of 3, a namespace's, the user is part of it.
    let magic = word(0)?;
    if magic & 0xff00_0000 != 0x0200_0000 || value.len() != 20 || word(2)? != 0 || word(4)? != 0 {
        return None;
    }
    let permitted = u64::from(word(1)?) | u64::from(word(3)?) << 32;
    let names = (0..64).filter(|bit| permitted >> bit & 1 == 1).map(|bit| {
        let name = NAMES.get(bit);
        name.map_or_else(|| format!("cap_{bit}"), |name| format!("cap_{name}"))
    });
    let effective = if magic & 1 == 1 { "ep" } else { "p" };
    Some(format!(
        "{}={effective}",
        names.collect::<Vec<_>>().join(",")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_have_names() {
        let value = |magic: u32, permitted: u64| -> Vec<u8> {
            let halves = permitted.to_le_bytes();
            let (low, high) = halves.split_at(4);
            [&magic.to_le_bytes(), low, &[0; 4], high, &[0; 4]].concat()
        };
        assert_eq!(described(&value(0x0200_0001, 1 << 13)), "cap_net_raw=ep");
        assert_eq!(
            described(&value(0x0200_0000, 1 | 1 << 40)),
            "cap_chown,cap_checkpoint_restore=p"
        );
        assert_eq!(described(&[1, 2, 255]), "0102ff");
        assert_eq!(parse("0102ff"), Some(vec![1, 2, 255]));
        assert_eq!((parse("010"), parse("xx")), (None, None));
        assert_eq!(described(&value(0x0300_0001, 1)).len(), 40);
    }
}
