"""`python -m connectors.sandbox --host 127.0.0.1 --port 8090 --state FILE`."""

import argparse
import logging
import os
import sys
from pathlib import Path

import uvloop

from connectors.sandbox.server import build_app, serve
from connectors.sandbox.webhooks import TRIES


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m connectors.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090, help="0 picks a free port")
    parser.add_argument("--state", default=":memory:", help="SQLite file that keeps the state over restarts")
    parser.add_argument("--control-token", default=os.environ.get("SANDBOX_CONTROL_TOKEN", ""))
    parser.add_argument("--webhook-retry-base", type=float, default=0.5, help="seconds before the second try")
    parser.add_argument("--webhook-tries", type=int, default=TRIES)
    options = parser.parse_args()
    if options.state != ":memory:":
        Path(options.state).parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(level=logging.INFO, format="sandbox %(levelname)s %(message)s")
    try:
        uvloop.run(_run(options))
    except OSError as error:
        sys.exit(f"sandbox cannot listen on {options.host}:{options.port}: {error.strerror or error}")


async def _run(options: argparse.Namespace) -> None:
    app = build_app(
        options.state,
        control_token=options.control_token,
        retry_base_s=options.webhook_retry_base,
        webhook_tries=options.webhook_tries,
    )
    await serve(app, options.host, options.port)


if __name__ == "__main__":
    main()
