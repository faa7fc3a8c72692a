"""pytest's root folder and config file, where it took what stands behind one of our flags for a path to tests.

pytest looks for them before it loads plugins: of ``--eval-data /data`` it knows no flag and one path, and ``/data``
would be the root, with a ``.pytest_cache`` in it, while the project's own config file were not read.
"""

import copy
import sys
from collections.abc import Collection
from typing import Any

import pytest
from _pytest.config.findpaths import determine_setup


def keep_root(config: Any, parser: pytest.Parser, args: list[str], flags: Collection[str]) -> None:
    """Look once more, now that the flags are known, where one of them stands apart from its value."""
    known = config.known_args_namespace
    if known.rootdir or known.inifilename or not any(argument in flags for argument in args):
        return
    root, inipath, settings, *_ = determine_setup(
        inifile=None,
        override_ini=known.override_ini,
        # pytest 9.0 keeps in ``known`` what it took for a path before.
        args=parser.parse_known_args(args).file_or_dir,
        rootdir_cmd_arg=None,
        invocation_dir=config.invocation_params.dir,
    )
    if (root, inipath) == (config.rootpath, config.inipath):
        return
    before = config.getini("addopts")
    # There is no public way; these are what `Config.parse` sets, in the same order.
    config._rootpath, config._inipath = root, inipath
    # pytest 9.0 calls it `inicfg`.
    setattr(config, "_inicfg" if hasattr(config, "_inicfg") else "inicfg", settings)
    config._inicache.clear()
    if before and args[: len(before)] == before:
        del args[: len(before)]
    args[:0] = config.getini("addopts")
    sys.path[:0] = map(str, config.getini("pythonpath"))
    config.pluginmanager.consider_preparse(args, exclude_only=False)
    found = config.known_args_namespace = parser.parse_known_args(args, namespace=copy.copy(config.option))
    found.confcutdir = found.confcutdir or str(inipath.parent if inipath else root)
