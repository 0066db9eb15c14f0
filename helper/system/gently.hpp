#pragma once

#include <functional>

namespace pgaf {

// Does the work, and every program that it starts, at a low priority for processor and disk, so that whoever else wants
// them goes first. Returns when it is done, and throws what it throws.
void gently(const std::function<void()> &work);

}  // namespace pgaf
