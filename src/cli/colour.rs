//! Whether colours are wanted, as `NO_COLOR`, `CLICOLOR_FORCE`, `CLICOLOR` and the terminal say: the
//! same answer for logs and errors as for everything that goes through anstream.

use anstream::{AutoStream, ColorChoice};

pub(super) fn on_stderr() -> bool {
    AutoStream::choice(&std::io::stderr()) != ColorChoice::Never
}
