# Two commands do everything: `make run` and `make test`.
.PHONY: run test contract valkey upgrade types lint advisories release deb packages bench hour soak fuzz mutants screenshots help

help: ## Say what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

run: ## Start the demo: everything in one process, with a sandbox Stripe and carrier
	@scripts/setup.sh run
	cargo run --locked -- up --demo

test: ## Run every test (PAYLINK_TEST_STRICT=1: one whose tool is missing fails)
	@scripts/setup.sh test
	@scripts/setup.sh contract
	cargo fmt --all --check
	scripts/test.sh
	scripts/contract.sh quick

contract: ## Hold the running product against its own description, and have generated clients live through the story
	@scripts/setup.sh contract
	cargo build --locked --bin paylink
	scripts/contract.sh

valkey: ## Run on Valkey, in the place of Redis, what depends on it: the queue, the story, fail-overs
	@scripts/setup.sh test
	@scripts/setup.sh valkey
	scripts/valkey.sh

upgrade: ## Replace an older version, BEFORE=revision or BEFORE=binary, by this one behind HAProxy at 50 calls a second, while Redis fails over
	@scripts/setup.sh test
	scripts/upgrade.sh $(BEFORE)

types: ## Write the JavaScript client's types anew from what the API describes
	PAYLINK_WRITES_TYPES=1 cargo test --locked --test system clients_types

lint: ## Check style, documentation, unused dependencies and licences; says which tool is missing (scripts/setup.sh lint installs them), and fails for it where LINT_IS_WHOLE is set
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings -A rustdoc::private-intra-doc-links" cargo doc --locked --workspace --no-deps --document-private-items
	@if command -v cargo-machete >/dev/null; then cargo machete; \
	else echo "cargo-machete is missing: dependencies that nothing uses were NOT looked for."; [ -z "$$LINT_IS_WHOLE" ]; fi
	@if command -v cargo-deny >/dev/null; then cargo deny --offline check bans licenses sources; \
	else echo "cargo-deny is missing: licences, sources and banned crates were NOT looked at."; [ -z "$$LINT_IS_WHOLE" ]; fi

advisories: ## Look for known faults of dependencies, in a database that is fetched from the network (needs cargo-deny)
	cargo deny check advisories

release: ## Build the program for a release, and beside it what it is made of as CycloneDX (needs jq)
	cargo build --locked --release --bin paylink
	scripts/sbom.sh > target/release/paylink.cdx.json

deb: release ## Build the Debian package (needs cargo-deb)
	scripts/manual.sh target/release/paylink target/package
	cargo deb --no-build --locked

packages: release ## Build the Debian package, live through it and the image's steps on a base from Debian, and have others judge units and files (PAYLINK_BEFORE: the previous program, from which it is upgraded)
	scripts/packages.sh release

soak: ## Do the running system harm at random for five minutes, and two more on many boxes (Sentinels or a cluster, PgBouncer or TLS to everything, a standby that is promoted, HAProxy, wrong clocks), then audit it; then a thousand random interleavings for each database (PAYLINK_SOAK_PLANT=forgotten: with a mistake that it must find)
	@scripts/setup.sh test
	cargo test --locked --test system faults::soak -- --ignored --nocapture
	PAYLINK_INTERLEAVINGS=$${PAYLINK_INTERLEAVINGS:-1000} cargo test --locked --test system interleavings -- --nocapture

fuzz: ## Look for a signature that is wrongly accepted and for a template that does harm, for a minute each (PAYLINK_FUZZ_SECONDS)
	@scripts/setup.sh fuzz
	@for target in stripe_signature plain_template; do \
		mkdir -p target/fuzz/corpus/$$target; \
		cargo fuzz run --sanitizer none --target-dir target/fuzz $$target target/fuzz/corpus/$$target fuzz/seeds/$$target \
			-- -max_len=8000 -max_total_time=$${PAYLINK_FUZZ_SECONDS:-60} || exit 1; \
	done

mutants: ## Break each rule of `domain` in turn, and name those whose loss no test of its own notices (takes hours; .cargo/mutants.toml)
	@scripts/setup.sh mutants
	PROPTEST_CASES=48 cargo mutants --package domain --output target

bench: ## Measure queue, jobs and webhooks on this machine, beside bare Redis, bare databases and a bare framework
	@scripts/setup.sh test
	cargo bench --locked --workspace --bench redis --bench rows --bench webhooks

hour: ## Have 500 payments a second for an hour, with voids, expiries and erasures beside them, and see what the tables weigh (PAYLINK_MINUTES)
	@scripts/setup.sh test
	cargo bench --locked --workspace --bench webhooks -- hour $${PAYLINK_MINUTES:-60}

screenshots: ## Draw every page and state, in light and dark, on a desktop and a phone, into screenshots/, and the two of the README
	@scripts/setup.sh test
	PAYLINK_SCREENSHOTS=$(CURDIR)/screenshots cargo test --locked --test browser tour -- --include-ignored --test-threads=2
	cp screenshots/desktop-light/link-paid.png docs/console.png
	cp screenshots/phone-light/buyer-open.png docs/buyer.png
