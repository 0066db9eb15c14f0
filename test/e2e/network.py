"""A laboratory's network as others have it."""


def limit_network(lab, host, rate):
    """What the host sends, as tc has it: '20mbit'; no longer by None."""
    device = lab.sh(host, "sh", "-ec", "ip -o -4 address show scope global | cut -d ' ' -f 2").strip()
    if rate:
        lab.sh(host, "tc", "qdisc", "add", "dev", device, "root", "tbf", "rate", rate, "burst", "64kb", "latency",
               "400ms")
    else:
        lab.sh(host, "tc", "qdisc", "del", "dev", device, "root")
