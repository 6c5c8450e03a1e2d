"""How the tests run notebooks with nbval: in a pytest that loads no other plugin."""

# Course comes before nbformat, whose import it shortens by seconds.
NBVAL = (
    "-m pytest --disable-plugin-autoload -p course -p nbval.plugin --nbval-lax".split()
)
