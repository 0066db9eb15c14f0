# The extension pgaf_upgrade, by PGXS: make, make install, make installcheck. PG_CONFIG chooses the
# PostgreSQL to build for; run `make clean` between two of them.

EXTENSION = extension/pgaf_upgrade
# The script that CREATE EXTENSION runs is put together from its parts, in this order.
SQL_PARTS = $(addprefix extension/sql/1.0/,tables.sql records.sql operator.sql protocol.sql rollback.sql backup.sql \
	maintenance.sql sysidentifier.sql hba.sql shown.sql cleanup.sql report.sql)
DATA_built = extension/sql/pgaf_upgrade--1.0.sql

MODULE_big = pgaf_upgrade
# A folder is compiled at once, which takes a third of the time that its sources take one by one.
CORE_SOURCES = $(addprefix extension/core/,$(addsuffix .cpp, \
	claims estimate hba_address hba_findings hba_match hba_network hba_text json node_name plan reports steps \
	sysidentifier sysidentifier_checks transitions version))
SRC_SOURCES = $(addprefix extension/src/,$(addsuffix .cpp, \
	backup_functions caller cleanup_functions functions hba_functions maintenance_functions node_argument \
	operator_functions planning protocol_functions rollback_functions run shown_functions store_backup store_cleanup \
	store_cluster store_maintenance store_hba store_node store_record store_rollback store_run store_step \
	store_sysidentifier sysidentifier sysidentifier_functions))
PG_SOURCES = $(addprefix extension/src/pg/,$(addsuffix .cpp, \
	entry_points extension guard interrupt lock spi))
OBJS = extension/core_at_once.o extension/src_at_once.o extension/pg_at_once.o
EXTRA_CLEAN = $(OBJS:.o=.cpp)

REGRESS = install rights versions bad_input steps transitions checks plan start protocol keep lease journal rollback give_back \
	maintenance backup cleanup validate sysidentifier hba claims history events report warnings

ISOLATION = start_twice attach_twice abort_or_switch last_steps rewrite_or_node_active
ISOLATION_OPTS = --inputdir=test --load-extension=btree_gist --load-extension=pgautofailover \
	--load-extension=pgaf_upgrade

PG_CONFIG ?= pg_config

# -isystem, since PostgreSQL's headers do not pass our warnings
PG_CPPFLAGS = -isystem $(shell $(PG_CONFIG) --includedir-server) -I$(CURDIR)/extension
PG_CXXFLAGS = -std=c++20 -Wall -Wextra -Werror -fvisibility-inlines-hidden
SHLIB_LINK = -lstdc++

# bitcode of C++ would need the clang that PostgreSQL was built with
override with_llvm = no

# These set up all that they need, so they work where no PostgreSQL is installed.
ON_HOSTS = check check-all demo times lint format packages bench bench-upgrade bench-estimate
ifneq ($(filter $(ON_HOSTS),$(MAKECMDGOALS)),)

.PHONY: $(ON_HOSTS)

# What has to pass before a change lands. ONLY="e2e/test_link.py" or ONLY="-k kept" runs some of it, LANES=1 one test after
# the other.
check:
	@test/install-host-packages.sh tests
	@test/run.py check $(if $(LANES),--lanes $(LANES)) $(ONLY)

# Everything. What has passed for this very tree is left out, unless AGAIN=1: so it goes on where it was interrupted.
check-all:
	@test/install-host-packages.sh tests all
	@test/run.py all $(if $(LANES),--lanes $(LANES)) $(if $(AGAIN),--again) $(ONLY)

# The sources in C++ in the form that `make check` wants.
format:
	@test/install-host-packages.sh
	@test/format.sh

# clang-format, shellcheck, pyflakes, pycodestyle, clang-tidy
lint:
	@test/install-host-packages.sh tests
	@test/run.py all --again source/test_sources.py

# A real cluster is made, loaded, written to, upgraded and judged.
demo:
	@test/install-host-packages.sh
	@/usr/bin/python3 test/demo/demo.py

# How long the commands of whoever changes something take on this machine, as the table of CONTRIBUTING.md.
times:
	@test/install-host-packages.sh tests
	@test/times.py

# .deb and .rpm, into build/packages.
packages:
	@test/install-host-packages.sh
	packaging/build.sh

# On a monitor with 1,000 formations of 10 nodes.
bench:
	@test/install-host-packages.sh
	test/lab/lab exec /usr/bin/python3 /usr/src/pgaf_upgrade/test/bench/monitor.py 17

# Whole upgrades beside bare ones: BENCH="--runs 5 1GB 10000tables --svg FILE".
bench-upgrade:
	@test/install-host-packages.sh
	/usr/bin/python3 test/bench/upgrade.py $(BENCH)

# Estimated beside measured, of clusters of two sizes.
bench-estimate:
	@test/install-host-packages.sh
	/usr/bin/python3 test/bench/estimate.py

else

PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# It comes from the compiler that the server was built with; g++ before 13 does not know it.
ifneq ($(shell $(CXX) -fexcess-precision=standard -E -x c++ /dev/null >/dev/null 2>&1 && echo known),known)
override CXXFLAGS := $(filter-out -fexcess-precision=standard,$(CXXFLAGS))
endif

# The folders of these names are no targets.
.PHONY: extension sql helper test expected

extension/sql/pgaf_upgrade--1.0.sql: $(SQL_PARTS)
	cat $^ >$@

extension/core_at_once.cpp: $(CORE_SOURCES)
extension/src_at_once.cpp: $(SRC_SOURCES)
extension/pg_at_once.cpp: $(PG_SOURCES)
$(OBJS:.o=.cpp): Makefile
	printf '#include "%s"\n' $(patsubst extension/%,%,$(filter %.cpp,$^)) >$@

$(OBJS): $(wildcard extension/core/*.hpp extension/src/*.hpp extension/src/pg/*.hpp)

endif
