//! The integration tests: one binary, so that linking costs once.

#![expect(unreachable_pub, reason = "a test binary has no outside")]

mod bad_files;
mod harness;
mod missing_tools;
mod real;
