#!/usr/bin/env python3
"""Asks every data node for itself, all the while, whether it accepts writes.

Runs on the laboratory's host `client`, with a folder and one conninfo a node. In the folder it keeps
  accepted       "HOST SECONDS" for each write that a node has confirmed, SECONDS of the monotonic clock
Ends when the file `stop` appears there, or on SIGTERM.
"""
import os
import sys
import threading
import time

import psycopg2

EACH = 0.1


def probe(host, conninfo, log, stop_file):
    connection = None
    while not os.path.exists(stop_file):
        try:
            if connection is None:
                connection = psycopg2.connect(conninfo)
                connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("UPDATE e2e_probe SET at = clock_timestamp()")
            log.write(f"{host} {time.monotonic():.6f}\n")
        except psycopg2.Error:
            if connection is not None:
                connection.close()
            connection = None
        time.sleep(EACH)


if __name__ == "__main__":
    folder = sys.argv[1]
    with open(os.path.join(folder, "accepted"), "w", buffering=1) as log:
        threads = [threading.Thread(target=probe, args=(*argument.split("=", 1), log, os.path.join(folder, "stop")))
                   for argument in sys.argv[2:]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
