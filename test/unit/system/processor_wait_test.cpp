#include "system/processor_wait.hpp"

#include "system/process.hpp"
#include "with_folder.hpp"

namespace pgaf {
namespace {

class ProcessorWaitTest : public WithFolder {
  protected:
    // So many programs that have work for a second, on one processor.
    double seconds_of(int number) {
        ProcessorWait wait(folder_);
        run_checked({.argv = {"taskset", "-c", "0", "sh", "-c",
                              "for n in $(seq " + std::to_string(number) +
                                  "); do timeout 1 sh -c 'while :; do :; done' & done; wait"},
                     .directory = folder_});
        return wait.seconds();
    }
};

TEST_F(ProcessorWaitTest, IsCountedWhereOthersHaveTheProcessor) {
    EXPECT_GT(seconds_of(4), 0.4);
}

TEST_F(ProcessorWaitTest, IsNoneWhereNobodyIsThere) {
    EXPECT_EQ(ProcessorWait(folder_ / "nobody").seconds(), 0);
}

}  // namespace
}  // namespace pgaf
