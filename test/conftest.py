pytest_plugins = ["runner.selection", "runner.results", "runner.timelimit", "runner.commands"]
