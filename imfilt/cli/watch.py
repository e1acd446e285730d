"""``imfilt watch``: filter the pictures that come into a folder."""

from __future__ import annotations

from typing import Any

import click

from imfilt.cli.apply import apply, do_batch, requested
from imfilt.cli.command import option
from imfilt.cli.kernels import KernelCommand
from imfilt.cli.printing import say
from imfilt.cli.program import stopped
from imfilt.errors import ImfiltError

EXAMPLES = """
imfilt watch incoming/ -o out/ -k sharpen           until you press Ctrl-C
imfilt watch scans/ -r -o out/ -k edge3 --settle 5  of a slow scanner
"""

_OF_ONE_RUN = {
    **dict.fromkeys(("inputs", "files_from", "backup")),
    **dict.fromkeys(("null", "overwrite", "skip_existing", "resume", "in_place", "dry_run"), False),
}
"""What `apply` has and a watch has not, and what it is then."""


@click.command(
    "watch", cls=KernelCommand, examples=EXAMPLES, words=apply.words if isinstance(apply, KernelCommand) else {}
)
@click.argument("folder", type=click.Path(readable=False))
@option(
    "Input",
    "--settle",
    default=1.0,
    metavar="SECONDS",
    type=click.FloatRange(0),
    help="How long a file stays as it is.",
)
@click.pass_context
def watch(context: click.Context, /, folder: str, settle: float, **options: Any) -> None:
    """Filter the pictures that come into FOLDER, until a signal ends it.

    A picture is filtered when its file has stayed as it is for a while, and again when it changes. The results go to a
    folder that is not inside FOLDER (-o DIR/), with a manifest as of apply --resume: what was done before is not done
    again. This takes the library watchfiles: pip install 'imfilt[watch]'.
    """
    from imfilt.batch.watching import check_watching
    from imfilt.batch.watching import watch as batches_in

    options |= _OF_ONE_RUN
    request = requested(context, (folder,), options)
    check_watching(request)
    try:
        for batch in batches_in(request, settle):
            if isinstance(batch, ImfiltError):
                say(str(batch))
            else:
                do_batch(context, batch, options)
    except KeyboardInterrupt:
        raise stopped() from None


watch.params += [parameter for parameter in apply.params if parameter.name not in _OF_ONE_RUN]
