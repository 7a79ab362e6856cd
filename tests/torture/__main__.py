"""`python -m tests.torture --help`."""

import sys

from tests.torture.run import main

sys.exit(main())
