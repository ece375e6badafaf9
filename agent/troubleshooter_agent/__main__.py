from troubleshooter_agent.cli import main

raise SystemExit(main())
