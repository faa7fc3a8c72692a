"""`python -m pytest_modeleval` is `modeleval`."""

from pytest_modeleval.commands.main import main

raise SystemExit(main())
