# Tocsin in a small image: no root, no build tools, the same commands as anywhere.
FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1

# what RDKit draws with
RUN apt-get update \
 && apt-get install -y --no-install-recommends libxrender1 libxext6 libexpat1 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /srv/tocsin tocsin

WORKDIR /srv/tocsin
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY app app
COPY chem chem
COPY migrations migrations
RUN pip install -c constraints.txt -e '.[postgres]' \
 && mkdir /var/lib/tocsin && chown tocsin /var/lib/tocsin

USER tocsin
ENV TOCSIN_MODE=production TOCSIN_DATA_DIR=/var/lib/tocsin TOCSIN_HOST=0.0.0.0 PORT=8000
VOLUME /var/lib/tocsin
EXPOSE 8000

HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/healthz\", timeout=4)"]

ENTRYPOINT ["tocsin"]
CMD ["serve"]
