//! A terminal that somebody sits before: what is shown on it, and what is typed.

use std::{
    cell::RefCell,
    fs::File,
    io::{Read, Write},
};

use nix::{
    fcntl::{FcntlArg, OFlag, fcntl},
    pty::openpty,
};

pub(super) struct Terminal {
    ours: File,
    shown: RefCell<Vec<u8>>,
}

impl Terminal {
    /// A terminal, and the end of it that a program has.
    pub(super) fn open() -> (Self, File) {
        let pty = openpty(None, None).expect("a pseudo terminal");
        fcntl(&pty.master, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).expect("it can be read from");
        (Self { ours: File::from(pty.master), shown: RefCell::default() }, File::from(pty.slave))
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
