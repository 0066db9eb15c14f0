"""The demo's last screen: the verdict first, and what one would show to a colleague; at most 24 lines of 80 columns."""
from voice import WIDTH, coloured

BAR = 34


def seconds(value):
    return "-" if value is None else f"{value:.1f} s"


def row(label, value, text=""):
    return f"  {label:<22}{value:>10}  {text}".rstrip()[:WIDTH]


def bar(value, longest):
    return "█" * max(1, round(BAR * value / longest))


def screen(result):
    """Lines. result: what demo.py found, as attributes."""
    old, new = result.versions["monitor"][0][0], result.versions["monitor"][1][0]
    failed = [text for so, text in result.checks if not so]
    if failed:
        head = f" FAILED: {len(failed)} of {len(result.checks)} checks of the upgrade from PostgreSQL {old} to {new} "
    else:
        head = f" UPGRADED from PostgreSQL {old} to {new}, and nothing was lost "
    longest = max(result.refused, result.bare)
    lines = [
        coloured(head.ljust(WIDTH), "1;41;37" if failed else "1;42;30"), "",
        row("Writes refused for", seconds(result.refused), bar(result.refused, longest)),
        row("bare pg_upgrade --link", seconds(result.bare), bar(result.bare, longest)),
        row("Writes lost", str(result.lost), f"of {result.acknowledged:,} acknowledged ones"),
        row("Without a standby for", seconds(result.redundancy), "from the stop to the standby's return"),
        "",
        f"  {'host':<10}{'PostgreSQL':<20}{'pg_auto_failover':<18}{'now'}",
        *(f"  {host:<10}{' -> '.join(servers):<20}{' -> '.join(autoctls):<18}{result.roles.get(host, '')}".rstrip()
          for host, (servers, autoctls) in ((host, zip(*both)) for host, both in result.versions.items())),
        "",
        *(f"  {coloured('ok    ', '32') if so else coloured('FAILED', '31;1')}  {text}"[:WIDTH + 10]
          for so, text in result.checks),
        "",
        f"  {result.size} of data, {result.took:.0f} s in all. Look around in a cluster of your own: test/lab/lab up",
    ]
    return lines
