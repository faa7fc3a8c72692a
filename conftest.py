"""The plugin that tests the plugin; pytest wants it named in the top folder."""

pytest_plugins = ["pytester"]
