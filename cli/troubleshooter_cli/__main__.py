import sys

from troubleshooter_cli.main import main

sys.exit(main())
