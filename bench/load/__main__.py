"""`python -m bench.load` is `python -m bench.load.run`."""

from bench.load.run import main

raise SystemExit(main())
