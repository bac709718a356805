# What developers do, by name. `just` alone lists it.

_default:
    @just --list

# Build and run the main job in the simulator, where nothing else is installed.
[group: 'run']
sim:
    cargo run --release -- run --sim regional-failover

# Build and run the main job on kind.
[group: 'run']
failover:
    cargo run --release -- run scenarios/regional-failover.yaml

# Every test that needs nothing installed.
[group: 'test']
test *args:
    cargo test {{ args }}

# The tests on real clusters; they fail where Docker or kind is missing.
[group: 'test']
real *args:
    cargo test --test it -- --ignored --test-threads=1 real:: {{ args }}

# Those and what takes longer.
[group: 'test']
full *args:
    cargo test --test it -- --ignored --test-threads=1 {{ args }}

# How long a reset of three clusters takes, against creating them anew with kind alone.
[group: 'test']
bench-reset rounds="3":
    cargo build --release
    benches/reset.sh target/release/seatrial {{ rounds }}

# Write the JSON Schemas anew.
[group: 'check']
schemas:
    for kind in lab scenario template; do cargo run --quiet -- schema $kind > schemas/$kind.json; done

# Format, lint, docs.
[group: 'check']
lint:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items

# Everything that CI does, but the set-up of its machine.
[group: 'check']
ci: test lint real

# How long small commands take, beside a program that does nothing.
[group: 'measure']
bench:
    cargo bench --bench start

# `up` beside raw kind or k3d, in pairs. Takes about five minutes.
[group: 'measure']
bench-up pairs="3" tool="kind":
    benches/up.sh {{ pairs }} {{ tool }}
