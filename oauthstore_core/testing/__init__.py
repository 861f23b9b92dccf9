"""The conformance kit: what a stranger's backend proves with one file.

::

    # tests/test_conformance.py
    from oauthstore_core.testing.suite import *  # noqa: F403

    @pytest.fixture
    def store_address(tmp_path):
        return StoreAddress(plugin, f"lmdb://{tmp_path}/oauth", on_io=True)

    @pytest.fixture
    def raw_dump(store_address):
        return b"".join(path.read_bytes() for path in ...)

`store_address` gives the plugin, URL and options of a store that is empty;
every case asks for it anew. `raw_dump` returns the bytes of all that the store
holds, read behind its back; it is asked for in the midst of a case, after the
case's writes. A store that lives in the process dumps
``dump_objects(open_backend())``. Neither may need arguments that only the
suite knows; both may live in a conftest.

In other processes
    Where a store is shared, its address is pickled and opened in processes of
    the kit's own: to race, and to be killed. They find the plugin by its name,
    so its `open` must be a function or class of a module that is installed or
    on the path; a test module is none. Or give the plugin by name:
    ``StoreAddress("oauthstore_lmdb:plugin", url)``. The processes are started
    once and end with the run, however it ends.

At each I/O
    ``StoreAddress(..., on_io=True)`` says that `open` takes the option
    `on_io`: a function that the store calls with "before" and "after" each of
    its I/Os, BEGIN and COMMIT included. There the kit holds a call while
    another is made, raises an `OSError` as a driver does whose connection is
    gone, and kills the process. Without it, all of that is not proved.

The server behind it
    The field `another` of an address is that of a second, untouched store.
    Two fixtures that are optional; without them their cases are not proved.
    `restart_store` returns a function that restarts the server and returns
    when it is back. `dead_address` returns the address of a store where
    nothing answers.

Collection
    The suite's classes `TestTokenStore` ... are subclasses of the contract
    classes `TokenStoreContract` ...; pytest collects them in the module that
    imports them, by its default `python_classes = Test*`. With
    `collect_imported_tests = false` write ``class TestTokens(TokenStoreContract): ...``
    for each of them, and a test that asserts ``guard.broken_rules(globals()) == []``.

What is run
    Every case of the roles that the plugin declares. The cases of other roles
    are skipped, as are those of a capability that the store does not declare,
    each with its reason. Nothing else can be skipped: a case that is
    overridden without ``@pytest.mark.xfail(reason="...")`` fails
    `test_no_case_is_overridden`.

How it ended
    The run ends with a table for each store: per family of cases what is
    proved, not proved for want of a seam, failed, or skipped, with the
    reasons; also under xdist. It is written by `oauthstore_core.pytest_plugin`,
    an entry point that imports nothing in runs without the kit.

How often
    Races run 20 times, or `OAUTHSTORE_TEST_ROUNDS`; the long family has 1,000
    generations, or `OAUTHSTORE_TEST_GENERATIONS`. Before a release: 200 and
    10,000. Of random histories 200 are played, or `OAUTHSTORE_TEST_HISTORIES`;
    before a release 5,000. Where `OAUTHSTORE_TEST_YIELD` is set, racing threads take turns at each
    line of Python: for stores whose verbs are over before another thread begins.
    Time is injected; no case sleeps to wait for expiry.
    On SQLite the whole kit takes about a minute of one core, before a release six.

Each case's docstring begins with its id; `cases.case_ids()` lists them, with
what this contract restates or strikes of the first list, and why.
`sabotage` holds broken backends that the kit must tell from good ones.
"""

from __future__ import annotations

import pytest

__all__ = ["REWRITTEN"]

#: The modules whose asserts show their values when they fail.
REWRITTEN = tuple(
    f"{__name__}.{name}"
    for name in (
        *("contracts", "crashes", "faults", "flows", "kit", "outages", "peers", "races"),
        *("runner", "scenarios", "schedules", "suite", "token_writes", "writes"),
    )
)

pytest.register_assert_rewrite(*REWRITTEN)
