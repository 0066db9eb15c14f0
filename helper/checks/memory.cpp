#include <fmt/format.h>

#include "checks/check.hpp"
#include "checks/trial.hpp"
#include "system/memory.hpp"
#include "system/units.hpp"

namespace pgaf {

namespace {

// pg_upgrade --check, which a run makes before its gate, starts the new server as it is configured beside the
// one that serves. No number that moves in what was found, so that a waiver holds.
Findings memory(Subject &subject) {
    auto &trial = subject.trial();
    if (!trial.refused().empty()) {
        throw NotExamined("the new server refuses parameters");
    }
    trial.stopped();  // a running one is not asked what its memory would be
    const auto needed =
        static_cast<std::uint64_t>(std::atoll(trial.configured("shared_memory_size").c_str())) * kMegabyte;
    Findings findings;
    const auto compare = [&](const std::string &found, std::uint64_t there) {
        if (there < needed) {
            findings.push_back(
                {fmt::format("the new server's shared memory of {} MB does not fit: {}", needed / kMegabyte, found),
                 fmt::format("Make {} MB more available, or lower shared_buffers until the upgrade is over.",
                             (needed - there) / kMegabyte + 1)});
        }
    };
    const auto host = memory_of_host();
    compare("this host has less available", host.available);
    if (host.commit_left) {
        compare("vm.overcommit_memory is 2, and less may still be promised", *host.commit_left);
    }
    if (const auto own = memory_left_in_cgroup_of("self")) {
        compare("the control group of this program has less left", *own);
    }
    if (const auto unit = memory_limit_in_cgroup_of(subject.server().single("SELECT pg_catalog.pg_backend_pid()"))) {
        compare("MemoryMax of the service that is to run it is less", *unit);
    }
    return findings;
}

}  // namespace

std::vector<Check> memory_checks() {
    return {{"memory", Severity::Error, Where::EveryNode,
             "two servers run at once while pg_upgrade --check looks at them, and the kernel might end the old one",
             "Make more available.", memory}};
}

}  // namespace pgaf
