//! The integration tests: one binary, so that linking costs once.

#![expect(unreachable_pub, reason = "a test binary has no outside")]

mod authoring;
mod bad_files;
mod colours;
mod conditions;
mod connected;
mod creation;
mod deeds;
mod doctor;
mod down;
mod evidence;
mod full;
mod gc;
mod harness;
mod in_the_way;
mod interrupts;
mod isolation;
mod k3d;
mod launch;
mod life;
mod missing_tools;
mod quiet;
mod readme;
mod real;
mod records;
mod render;
mod repeats;
mod reports;
mod reset;
mod series;
mod shell;
mod sim;
mod templates;
mod traffic;
mod usage;
mod variants;
mod wording;
