"""Files of access rules and connections to try them with, from a seed. The pools are small, so that many
lines fit many connections and the first one is seldom the only one."""

DATABASE_TOKENS = ["all", '"all"', "a\"l\"l", "sameuser", '"sameuser"', "samerole", '"samerole"', "samegroup",
                   "replication", '"replication"', "shop", "app", "staff", '"a b,c#d"', "/^s", '"/^s"', "/p$",
                   "/^(shop|lead)$", "@names", '"@names"', "@quoted"]
USER_TOKENS = ["all", '"all"', "app", "boss", "lead", "nobody", "+staff", '"+staff"', "+lead", "+app", "+shop",
               "+nobody", "/^a", '"/^a"', "/o", "@names", "@quoted", '"say ""x"""']
ADDRESSES = ["all", "samehost", "samenet", '"samehost"', "127.0.0.1/32", "127.0.0.0/8", "10.7.0.0/24", "10.7.0.5/32",
             "10.7.0.99/24", "10.9.3.4/32", "10.9.3.4 255.255.255.255", "10.9.0.0/16", "10.0.3.4 255.0.255.255",
             "10.0.0.0 255.0.0.0", "0.9.0.0 0.255.0.0", "0.0.0.0/0", "::/0", "::1/128", "fd00:7::/64",
             "fd00:9::4/128", "fd00:9::/32", "fd00:9:: ffff:ffff::", "::ffff:10.9.3.4/128", "::ffff:0.0.0.0/96",
             "alpha.example.test", "ALPHA.Example.TEST", "alpha", ".example.test", ".TEST", ".test.",
             "gamma.example.test", "first.test", "second.test", '"all"']
TYPES = ["local"] * 2 + ["host"] * 6 + ["hostssl"] * 3 + ["hostnossl"] * 3 + ["hostgssenc"] + ["hostnogssenc"] * 2

HOSTS = """127.0.0.1 localhost
10.7.0.5 alpha.example.test alpha
10.7.0.77 beta.example.test
10.9.3.4 Gamma.Example.test
10.9.3.8 first.test
10.9.3.8 second.test
fd00:9::4 delta.test
"""
# Names for @names and @quoted, in which a quote means the same as in the file itself.
NAMES = {"names": "app, boss # and\n\n\"+staff\" @more\n", "more": "shop\nlead\n", "quoted": '"all", "replication"\n'}

USERS = ["app", "staff", "lead", "boss", "all", "+staff", "nobody", "/^a", 'say "x"', "shop"]
DATABASES = ["shop", "app", "staff", "all", "replication", "sameuser", "a b,c#d", "/^s", "@names", "boss", "lead"]
# Where a client comes from, and where to it connects.
SOURCES = [("127.0.0.1", "127.0.0.1"), ("127.0.0.9", "127.0.0.1"), ("10.7.0.5", "10.7.0.5"), ("10.7.0.77", "10.7.0.5"),
           ("10.9.3.4", "10.7.0.5"), ("10.9.3.8", "10.7.0.5"), ("10.9.200.1", "10.7.0.5"), ("::1", "::1"),
           ("fd00:7::5", "fd00:7::5"), ("fd00:9::4", "fd00:7::5"), ("fd00:9:1::5", "fd00:7::5")]


def field(random, tokens):
    return random.choice([",", ", "]).join(random.choices(tokens, k=random.choice([1, 1, 1, 2, 3])))


def line(random):
    """One or two of its fields are picky, the others fit everybody: all picky, a line would hardly ever decide."""
    kind = random.choice(TYPES)
    picky = random.sample(["database", "user", "address"], random.choice([1, 1, 2]))
    parts = [kind, field(random, DATABASE_TOKENS) if "database" in picky else "all",
             field(random, USER_TOKENS) if "user" in picky else "all"]
    if kind != "local":
        parts.append(random.choice(ADDRESSES) if "address" in picky else "all")
    parts.append("reject" if random.random() < 0.15 else "password")
    text = random.choice([" ", "\t", "  "]).join(parts)
    if random.random() < 0.1:
        text = text.replace(" ", " \\\n ", 1)
    return text + random.choice(["", "", "", " # host all all all reject"])


def lines(random, count):
    text = ""
    for _ in range(count):
        text += random.choice(["", "", "\n", "# local all all trust\n"]) + line(random) + "\n"
    return text


def rules_file(random, includes):
    """pg_hba.conf and the files that it includes."""
    text = lines(random, random.randint(2, 8))
    others = dict(NAMES)
    if includes and random.random() < 0.3:
        others["sub/part.conf"] = lines(random, random.randint(1, 3)).replace("@", "@../")
        text += random.choice(['include "sub/part.conf"\n', "include_if_exists sub/part.conf\n", "include_dir sub\n"])
        text += lines(random, random.randint(1, 3))
    return text, others


def connection(random):
    startup = {"user": random.choice(USERS), "database": random.choice(DATABASES)}
    replication = random.random()
    if replication < 0.15:
        startup["replication"] = "true"
    elif replication < 0.25:
        startup["replication"] = "database"
    if random.random() < 0.15:
        return startup, None, None, False
    source, destination = random.choice(SOURCES)
    return startup, source, destination, random.random() < 0.4
