"""The bell of a database that tells nobody of commits: whoever waits looks again after a while."""

import time


class PollingBell:
    def wait(self, poll_s: float, patience_s: float) -> None:
        time.sleep(poll_s)

    def close(self) -> None:
        return None
