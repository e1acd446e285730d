"""``imfilt completion``: what makes a shell complete commands, options and kernel names."""

from __future__ import annotations

import click

from imfilt.cli.command import Command

SHELLS = ("bash", "zsh", "fish")

EXAMPLES = """
imfilt completion bash >> ~/.bashrc
imfilt completion zsh >> ~/.zshrc
imfilt completion fish > ~/.config/fish/completions/imfilt.fish
"""


@click.command("completion", cls=Command, examples=EXAMPLES)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that makes SHELL complete commands, options and the names of your kernels."""
    from click.shell_completion import shell_complete

    program = context.find_root().command
    context.exit(shell_complete(program, {}, "imfilt", "_IMFILT_COMPLETE", f"{shell}_source"))
