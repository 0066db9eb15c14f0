#!/usr/bin/env python3
"""An application that writes all the while: one row a transaction, without a pause.

Runs on the laboratory's host `client`. In its folder it keeps
  acknowledged   "ID SECONDS" for each row whose commit the server has confirmed
  ambiguous      "ID SECONDS" for each that was sent and never answered
  errors         "SECONDS TEXT" for each error, those that repeat only once in a row
where SECONDS are of the monotonic clock. Ends when the file `stop` appears there, or on SIGTERM.
"""
import os
import signal
import sys
import time

import psycopg2

PAUSE = 0.01


class Log:
    def __init__(self, folder):
        def create(name):
            return open(os.path.join(folder, name), "w", buffering=1)
        self._acknowledged, self._ambiguous, self._errors = map(create, ("acknowledged", "ambiguous", "errors"))
        self._last_error = None

    def acknowledged(self, number):
        self._acknowledged.write(f"{number} {time.monotonic():.6f}\n")
        self._last_error = None

    def ambiguous(self, number):
        self._ambiguous.write(f"{number} {time.monotonic():.6f}\n")

    def error(self, error):
        text = " ".join(str(error).split())
        if text != self._last_error:
            self._errors.write(f"{time.monotonic():.6f} {text}\n")
        self._last_error = text


def write(conninfo, folder):
    stop_file = os.path.join(folder, "stop")
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    log = Log(folder)
    connection = cursor = None
    number = 0
    while not stopped and not os.path.exists(stop_file):
        if connection is None:
            try:
                connection = psycopg2.connect(conninfo)
                connection.autocommit = True
                cursor = connection.cursor()
            except psycopg2.Error as error:
                connection = None
                log.error(error)
                time.sleep(PAUSE)
                continue
        number += 1
        try:
            cursor.execute("INSERT INTO e2e_writes VALUES (%s, clock_timestamp())", (number,))
            log.acknowledged(number)
        except psycopg2.Error as error:
            # A server that answers and keeps the connection has refused the row; anything else
            # leaves open whether it committed.
            if connection.closed or error.pgcode is None:
                log.ambiguous(number)
            log.error(error)
            connection.close()
            connection = None
            time.sleep(PAUSE)


if __name__ == "__main__":
    write(sys.argv[1], sys.argv[2])
