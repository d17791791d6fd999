# segment: customer segmentation inside PostgreSQL.
#   make, make install       as in any PGXS extension (PG_CONFIG=… picks the server)
#   make installcheck        pg_regress and isolation tests of what is installed, on the running server that PGHOST and PGPORT name
#   make prove_installcheck  the tests in Perl, on servers of their own: as an ordinary user (PROVE_TESTS=… picks files)
#   make check-unit          tests of src/math and parsers, no server needed
#   make dist                segment-VERSION.zip for PGXN and .tar.gz of the commit that is checked out; the same bytes wherever they are made
#   make lint                who may include whom, file sizes, names
#   dev/test                 everything there is, on a throw-away cluster
srcdir ?= .
EXTENSION  = segment
EXTVERSION = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(srcdir)/segment.control)

MODULE_big = segment
OBJS = $(sort $(patsubst $(srcdir)/%.c,%.o,$(wildcard $(srcdir)/src/*.c $(srcdir)/src/*/*.c)))

FRAGMENTS  = $(sort $(wildcard $(srcdir)/sql/install/*.sql))
DATA_built = sql/segment--$(EXTVERSION).sql
DATA       = $(wildcard $(srcdir)/sql/upgrade/segment--*--*.sql $(srcdir)/sql/frozen/segment--*.sql)

REGRESS      = $(sort $(patsubst $(srcdir)/sql/%.sql,%,$(filter-out $(srcdir)/sql/segment--%,$(wildcard $(srcdir)/sql/*.sql))))
REGRESS_OPTS = --load-extension=segment

# Results must not depend on the machine: no fused multiply-add, no -march, no -ffast-math.
SEGMENT_CFLAGS = -ffp-contract=off -DSEGMENT_VERSION='"$(EXTVERSION)"'
PG_CPPFLAGS    = -I$(srcdir)/src
PG_CFLAGS      = $(SEGMENT_CFLAGS) -MMD -MP
SHLIB_LINK     = -llbfgs -lm
# Calls between our own functions go straight, not through the linkage table: several a row are worth a line here.
PG_LDFLAGS     = -Wl,-Bsymbolic-functions
EXTRA_CLEAN    = build $(OBJS:.o=.d) $(DATA_built)

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
ifeq ($(wildcard $(PGXS)),)
$(error $(PG_CONFIG) leads to no PGXS: install the development files of your server (postgresql-server-dev-NN), or set PG_CONFIG)
endif

# Some packages of the server come without the isolation tester.
ISOLATION_TESTER = $(wildcard $(dir $(PGXS))../test/isolation/pg_isolation_regress)
ISOLATION        = $(if $(ISOLATION_TESTER),$(sort $(patsubst $(srcdir)/test/isolation/specs/%.spec,%,$(wildcard $(srcdir)/test/isolation/specs/*.spec))))
ISOLATION_OPTS   = --inputdir=$(srcdir)/test/isolation --load-extension=segment
include $(PGXS)

# PGXS gives PG_CFLAGS to the objects only; the bitcode that JIT inlines must be compiled alike.
BITCODE_CFLAGS += $(SEGMENT_CFLAGS)

-include $(OBJS:.o=.d)

$(DATA_built): $(FRAGMENTS)
	@mkdir -p $(@D)
	cat $(FRAGMENTS) > $@

# --- tests that start servers of their own: long, so that they are no part of installcheck (TAP_TESTS) ------------------------
PROVE_TESTS ?= test/t/*.pl
PROVE_FLAGS += -I $(srcdir)/test/t

.PHONY: prove_installcheck
prove_installcheck: export PG_CONFIG := $(PG_CONFIG)
prove_installcheck:
	@[ "$$(id -u)" != 0 ] || { echo "initdb refuses to run as root: run make prove_installcheck as an ordinary user, in a tree that it may write to" >&2; exit 1; }
	$(prove_installcheck)

# --- tests that need no server -------------------------------------------------------------------
UNIT_CFLAGS ?= -O1 -g -std=gnu11 -Wall -Wextra -Werror -ffp-contract=off
UNIT_TESTS   = $(patsubst $(srcdir)/test/unit/%.c,build/unit/%,$(wildcard $(srcdir)/test/unit/test_*.c))
MATH_SOURCES = $(wildcard $(srcdir)/src/math/*.c)

UNIT_HEADERS = $(wildcard $(srcdir)/src/math/*.h $(srcdir)/test/unit/*.h)
UNIT_OBJECTS = $(patsubst $(srcdir)/src/math/%.c,build/unit/math/%.o,$(MATH_SOURCES))

build/unit/math/%.o: $(srcdir)/src/math/%.c $(UNIT_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) -I$(srcdir)/src -c $< -o $@

build/unit/%: $(srcdir)/test/unit/%.c $(UNIT_OBJECTS) $(UNIT_HEADERS)
	$(CC) $(UNIT_CFLAGS) -I$(srcdir)/src -I$(srcdir)/test/unit $< $(UNIT_OBJECTS) -llbfgs -lm -o $@

# --- releases ------------------------------------------------------------------------------------
ARCHIVE = segment-$(EXTVERSION)

.PHONY: dist
dist: export TZ = UTC
dist:
	git -C $(srcdir) archive --format=zip --prefix=$(ARCHIVE)/ HEAD >$(ARCHIVE).zip
	git -C $(srcdir) archive --format=tar --prefix=$(ARCHIVE)/ HEAD | gzip -9n >$(ARCHIVE).tar.gz

.PHONY: check-unit lint help
check-unit: $(UNIT_TESTS)
	@fail=0; for t in $(UNIT_TESTS); do $$t || fail=1; done; exit $$fail

lint:
	$(srcdir)/dev/lint

help:
	@sed -n 's/^#   //p' $(srcdir)/Makefile
