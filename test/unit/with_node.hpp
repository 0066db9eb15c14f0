#pragma once

#include <filesystem>
#include <memory>

#include "node/node.hpp"
#include "system/files.hpp"
#include "with_folder.hpp"

namespace pgaf {

// A test with a node whose PGDATA, of PostgreSQL 15, and whose files of pg_autoctl are in a folder of its own. No
// server runs there, and no pg_autoctl.
class WithNode : public WithFolder {
  protected:
    void SetUp() override {
        WithFolder::SetUp();
        options_.pgdata = folder_ / "data";
        options_.new_bindir = folder_ / "bin";
        std::filesystem::create_directory(options_.pgdata);
        write_file(options_.pgdata / "PG_VERSION", "15\n");
        make_node();
        std::filesystem::create_directory(node_->work_dir());
    }

    // Again, after the options have changed.
    void make_node() {
        node_ = std::make_unique<Node>(options_, owner_of(folder_),
                                       autoctl::Paths{.config = folder_ / "pg_autoctl.cfg",
                                                      .state = folder_ / "pg_autoctl.state",
                                                      .pid = folder_ / "pg_autoctl.pid"});
        node_->nodeid = 1;
    }

    Options options_;
    std::unique_ptr<Node> node_;
};

}  // namespace pgaf
