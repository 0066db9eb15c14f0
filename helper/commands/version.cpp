#include <cstdio>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <boost/version.hpp>

#include "commands/commands.hpp"
#include "core/version.hpp"

namespace pgaf {

ExitCode command_version(const Options & /*options*/) {
    fmt::print("pgaf-upgrade {} (libpq {}.{}, Boost {}.{})\n", kVersion, PQlibVersion() / 10000, PQlibVersion() % 10000,
               BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000);
    return ExitCode::Done;
}

}  // namespace pgaf
