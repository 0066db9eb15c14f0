#pragma once

#include <string>

namespace pgaf::pg {

// The version of the SQL objects, as CREATE or ALTER EXTENSION left it; empty when there are none.
std::string installed_version();

}  // namespace pgaf::pg
