# The front door. `make demo` shows the main job, `make test` proves it; each installs what it needs.
SHELL := /bin/bash
PREFIX ?= /usr/local
DESTDIR ?=

BUILD_NEEDS := git=git g++=g++ /usr/include/$(shell uname -m)-linux-gnu/ffi.h=libffi-dev
LIB := /usr/lib/$(shell uname -m)-linux-gnu
DEMO_NEEDS := nginx=nginx curl=curl dig=bind9-dnsutils dnsmasq=dnsmasq-base
TEST_NEEDS := $(DEMO_NEEDS) python3=python3 node=nodejs strace=strace x86_64-w64-mingw32-gcc=gcc-mingw-w64-x86-64 \
  x86_64-w64-mingw32-g++=g++-mingw-w64-x86-64 /usr/include/openssl/ssl.h=libssl-dev \
  ip=iproute2 iptables=iptables setpriv=util-linux /usr/lib/python3/dist-packages/jsonschema/__init__.py=python3-jsonschema \
  cmake=cmake make=make pkg-config=pkg-config cc=gcc readelf=binutils \
  sshd=openssh-server ssh=openssh-client sudo=sudo systemd-run=systemd pg_createcluster=postgresql \
  haproxy=haproxy named=bind9 dig=bind9-dnsutils /usr/lib/python3/dist-packages/dns/__init__.py=python3-dnspython \
  gtlsserver=ngtcp2-server gtlsclient=ngtcp2-client openssl=openssl \
  systemd-socket-activate=systemd mandoc=mandoc \
  $(LIB)/libjemalloc.so.2=libjemalloc2 $(LIB)/libtcmalloc_minimal.so.4=libtcmalloc-minimal4 \
  $(LIB)/libmimalloc.so.2=libmimalloc2.0 $(LIB)/faketime/libfaketime.so.1=faketime \
  $(LIB)/libproxychains.so.4=libproxychains4 /usr/bin/rustc=rustc lintian=lintian dpkg-shlibdeps=dpkg-dev \
  /usr/bin/chromium=chromium /usr/bin/chromedriver=chromium-driver script=bsdutils tmux=tmux xmllint=libxml2-utils \
  /usr/lib/python3/dist-packages/selenium/__init__.py=python3-selenium \
  /usr/lib/python3/dist-packages/prometheus_client/__init__.py=python3-prometheus-client
CHECK_NEEDS := clang-format=clang-format strace=strace valgrind=valgrind python3=python3

# SwiftPM would write RUNPATH $$ORIGIN into the libraries (hazard H37).
SWIFT_FLAGS := --disable-local-rpath
# What is installed does not name the folder in which it was built (assertions of C code would).
RELEASE_FLAGS := $(SWIFT_FLAGS) -Xcc -ffile-prefix-map=$(CURDIR)=.

SHIM := .build/release/libwfpshim.so

.PHONY: build demo test nio-relay view build-view build-killpoints killpoints crash transparency soak soak-udp check sanitize fuzz mutants bench oracle install deb docs clean format

build: link/shim.map
	@command -v swift >/dev/null || { echo "A Swift 6.3 toolchain is needed on PATH: https://swift.org/install"; exit 2; }
	@tools/require $(BUILD_NEEDS)
	swift build -c release $(RELEASE_FLAGS)

demo: build
	@tools/require $(DEMO_NEEDS)
	@examples/demo/demo

# What says nothing of the preload itself, and so needs not be run once more with the release library.
AROUND := ViewTests|SiteTests|PackageTests|DocumentationTests|BenchCommandTests|FlowOutputTests|CleanupTests|InstallTests

test: build
	@tools/require $(TEST_NEEDS)
	swift build --build-tests $(SWIFT_FLAGS)
	@$(MAKE) --no-print-directory nio-relay build-view
	tools/test $(SWIFT_FLAGS) --skip-build --skip WinsockTests
	@echo "The tests of the Winsock library, which share one process' sockets, handles and threads, by themselves:"
	tools/test $(SWIFT_FLAGS) --skip-build --filter WinsockTests
	@echo "Once more with the release library, whose link refuses a reachable trap:"
	WFPSHIM_TEST_LIBRARY=$(CURDIR)/$(SHIM) tools/test $(SWIFT_FLAGS) --skip-build --filter PreloadTests --skip '$(AROUND)'
	@echo "Participants are killed at every step of a change of the engine, then at any instruction:"
	$(MAKE) --no-print-directory killpoints crash KILLS=500
	@echo "Every system call of the release library fails once:"
	Tests/Soak/faults
	@echo "Once more the Winsock library, with every overlapped operation pending:"
	WFPSHIM_FORCE_PENDING=1 tools/test $(SWIFT_FLAGS) --skip-build --filter WinsockTests

# The example on SwiftNIO: a package of its own, so that what does not need SwiftNIO does not fetch it.
nio-relay:
	swift build --package-path examples/nio-relay

# The page of `wfpctl view`, to be installed, and as the tests use it. A package of its own, for the same reason.
VIEW := --package-path Sources/View --scratch-path .build-view --product wfpctl-view

view: build
	@tools/require $(BUILD_NEEDS)
	swift build -c release --static-swift-stdlib -Xcc -ffile-prefix-map=$(CURDIR)=. $(VIEW)
	@ln -sf $(CURDIR)/.build-view/release/wfpctl-view .build/release/wfpctl-view

build-view:
	swift build $(VIEW)
	@[ ! -d .build/debug ] || ln -sf $(CURDIR)/.build-view/debug/wfpctl-view .build/debug/wfpctl-view

# Other people's tests and servers under the preload, compared test by test with the same without it.
TRANSPARENCY_NEEDS := cc=gcc python3=python3 /usr/lib/python3.11/test/test_socket.py=libpython3.11-testsuite nginx=nginx \
  curl=curl openssl=openssl wrk=wrk h2load=nghttp2-client pg_createcluster=postgresql redis-server=redis-server \
  redis-cli=redis-tools git=git sshd=openssh-server ssh=openssh-client node=nodejs

transparency: build
	@tools/require $(TRANSPARENCY_NEEDS)
	@Tests/Transparency/transparency $(SUITES)

# Many connections, many at once, storms of forks and signals, resources that run out, clocks that jump, and each system
# call of the shim that fails once. `make soak CONNECTIONS=100000` is a short one.
SOAK_NEEDS := cc=gcc python3=python3 strace=strace unshare=util-linux $(LIB)/faketime/libfaketime.so.1=faketime
CONNECTIONS ?= 10000000

soak: build
	@tools/require $(SOAK_NEEDS)
	@Tests/Soak/soak --connections $(CONNECTIONS)
	@Tests/Soak/faults

# A million datagrams over a thousand flows, with loss and in another order (SPEC S8.3).
soak-udp: build
	swift build --build-tests $(SWIFT_FLAGS)
	WFPSHIM_TEST_DATAGRAMS=1000000 WFPSHIM_TEST_LIBRARY=$(CURDIR)/$(SHIM) tools/test $(SWIFT_FLAGS) --skip-build \
	  --filter DatagramStormTests/thousandFlows

check: test
	@tools/require $(CHECK_NEEDS)
	swift format lint --strict $$(git ls-files '*.swift')
	clang-format --dry-run -Werror $$(git ls-files '*.c' '*.h')
	Tests/Bench/gate

# Participants killed at every step of every change of the engine; what the living find afterwards. In a build of its own.
KILLPOINTS := .build-killpoints/debug/KillPoints

build-killpoints:
	@tools/require $(BUILD_NEEDS)
	swift build $(SWIFT_FLAGS) --scratch-path .build-killpoints -Xswiftc -DWFPSHIM_KILL_POINTS --product KillPoints

killpoints: build-killpoints
	$(KILLPOINTS) $(SCENARIO)

# And at any instruction: so many kills of participants that are at it all the time. `make crash KILLS=1000` is a short one.
KILLS ?= 100000

crash: build-killpoints
	$(KILLPOINTS) storm $(KILLS)

# The Winsock library and the core under ThreadSanitizer, then under AddressSanitizer. A sanitized shim cannot be preloaded,
# so what needs the preload is left out; a fork of a multi-threaded process and programs of a plain compiler likewise.
SANITIZED := --filter 'WinsockTests|RedirectCoreTests' --skip 'ForkTests|ForcePendingTests|ExampleTests|OracleTests|ProgramTests|RuntimeTests|PortingGuideTests|SurfaceTests|ScaleTests|CallingConventionTests|MappedNameTests|redirectCodes'

sanitize:
	@tools/require $(BUILD_NEEDS) $(TEST_NEEDS)
	for kind in thread address; do \
	  flags="$(SWIFT_FLAGS) --sanitize=$$kind --scratch-path .build-$$kind"; \
	  swift build $$flags --build-tests && \
	  SWIFT_BACKTRACE=enable=no TSAN_OPTIONS=halt_on_error=0:exitcode=66:allocator_may_return_null=1 \
	    ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 \
	    swift test $$flags --skip-build $(SANITIZED) || exit 1; \
	done

BENCH_NEEDS := python3=python3 haproxy=haproxy iptables=iptables ip=iproute2 setpriv=util-linux proxychains4=proxychains4 \
  torsocks=torsocks /usr/lib/$(shell uname -m)-linux-gnu/libsocket_wrapper.so=libsocket-wrapper

# Ten minutes of libFuzzer (SECONDS= for another time, TARGETS= for some of them). The tests replay the corpus: a build
# of the fuzzer takes too long for them.
fuzz:
	@tools/require $(BUILD_NEEDS)
	Tests/Fuzz/fuzz $(or $(SECONDS),600) $(TARGETS)

# One-line faults, each of which the tests of its own stage must see (Tests/Mutants).
mutants:
	@tools/require $(BUILD_NEEDS) $(TEST_NEEDS)
	Tests/Mutants/mutants $(ONLY)

bench: build
	@tools/require $(BENCH_NEEDS)
	@Tests/Bench/bench $(if $(ONLY),--only $(ONLY)) $(if $(JSON),--json $(JSON)) $(if $(SVG),--svg $(SVG))

ORACLE_NEEDS := wine=wine x86_64-w64-mingw32-gcc=gcc-mingw-w64-x86-64 python3=python3

oracle: build
	@tools/require $(ORACLE_NEEDS)
	@Tests/Oracle/oracle

# Debian packages, a tarball and its checksums (docs/packages.md).
deb: build view
	@tools/require dpkg-shlibdeps=dpkg-dev
	@tools/package $(or $(OUT),dist)

# docs/, the manual pages and the Swift library as a site, by DocC.
docs:
	@tools/require mandoc=mandoc python3=python3
	@tools/site $(or $(OUT),dist)

install: build
	@tools/install "$(DESTDIR)$(PREFIX)" "$(PREFIX)"

# The export map holds exactly the names of the one list.
link/shim.map: shim/hooks.def
	@{ echo '#if 0'; printf '{ global: '; \
	  sed -n 's/^HOOK([^,]*, \([a-z0-9_]*\),.*/\1;/p; s/^ALIAS(\([a-z0-9_]*\),.*/\1;/p' $< | LC_ALL=C sort | tr '\n' ' '; \
	  echo 'local: *; };'; echo '#endif'; } > $@

format:
	swift format -i $$(git ls-files '*.swift')
	clang-format -i $$(git ls-files '*.c' '*.h')

clean:
	rm -rf .build .build-view .build-site dist
