//! The integration tests: one binary, so that linking costs once.

mod bad_files;
mod harness;
mod missing_tools;
