"""`python -m app` is `tocsin`."""

from app.cli import main

if __name__ == "__main__":  # a process of its own, begun elsewhere, reads this too
    main()
