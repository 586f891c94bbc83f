# Something that has to hold in an image, as a shell command.

export PYTHONDONTWRITEBYTECODE=1
eval "$1"
