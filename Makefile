# Two commands: `make run` opens Hearth, `make test` checks all of it.
# Build output goes to CARGO_TARGET_DIR, by default ~/.cache/hearth/target.

export CARGO_TARGET_DIR ?= $(HOME)/.cache/hearth/target

.DEFAULT_GOAL := run
.PHONY: run test

run:
	@bash .ci/setup.sh run
	@bash .ci/client.sh

test:
	@bash .ci/setup.sh test
	@bash .ci/test.sh
