"""How long is waited for what."""
import time


def wait_until(seconds, what, condition, pause=0.5):
    """Returns what condition() returned as soon as that is true."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds} s still not so: {what}")
        time.sleep(pause)
