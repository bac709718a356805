//! A terminal that somebody sits before: what is shown on it, and what is typed.

use std::{
    cell::RefCell,
    fs::{File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
};

use nix::{
    fcntl::OFlag,
    pty::{PtyMaster, grantpt, posix_openpt, ptsname_r, unlockpt},
};

pub(super) struct Terminal {
    ours: PtyMaster,
    shown: RefCell<Vec<u8>>,
}

impl Terminal {
    /// A terminal, and the end of it that a program has. No program has ours: it would stay open.
    pub(super) fn open() -> (Self, File) {
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
        let ours = posix_openpt(flags).expect("a pseudo terminal");
        grantpt(&ours).and_then(|()| unlockpt(&ours)).expect("it is ours");
        let name = ptsname_r(&ours).expect("it has a name");
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(OFlag::O_NOCTTY.bits());
        let theirs = options.open(name).expect("it is there");
        (Self { ours, shown: RefCell::default() }, theirs)
    }

    /// Everything that was written on it so far, and typed.
    pub(super) fn shows(&self) -> String {
        let mut shown = self.shown.borrow_mut();
        // It ends with an error: nothing more yet, or nobody who writes any more.
        let _ = (&self.ours).read_to_end(&mut shown);
        String::from_utf8_lossy(&shown).replace("\r\n", "\n")
    }

    pub(super) fn types(&self, line: &str) {
        writeln!(&self.ours, "{line}").expect("it is open");
    }
}
