"""`bulkhead check --lookahead`: words that do not go together are refused before anything runs."""

import os
import signal

import pytest
from click.testing import CliRunner

from daemon.cli import main
from daemon.cli.lookahead import cleared_up_on_sigterm

REFUSED = {
    "--seed 0": "--seed says how to look for look-ahead; add --lookahead",
    "--from 1970-01-01": "--from says how to look for look-ahead; add --lookahead",
    "--set feed.every=10s": "--set says how to look for look-ahead; add --lookahead",
    "--lookahead --watch": "--watch: the same data and the same seed give the same answer; leave it out",
    "--lookahead --events 0": "0 is not in the range x>=1",
    "--lookahead --to soon": "'soon' is no day or time such as 2026-01-05 or 2026-01-05T14:30:00Z",
}


@pytest.mark.parametrize(("words", "told"), REFUSED.items(), ids=REFUSED)
def test_words_that_do_not_go_together_are_wrong_usage(words: str, told: str) -> None:
    done = CliRunner().invoke(main, ["check", *words.split()])
    assert done.exit_code == 2
    assert told in done.stderr


def test_asked_to_end_it_clears_up_as_after_an_interruption() -> None:
    before, cleared = signal.getsignal(signal.SIGTERM), []

    def looked_at() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            cleared.append(True)

    with pytest.raises(SystemExit) as ended, cleared_up_on_sigterm():
        looked_at()
    assert (ended.value.code, cleared) == (143, [True])
    assert signal.getsignal(signal.SIGTERM) is before
