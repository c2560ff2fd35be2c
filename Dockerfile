FROM python:3.13-slim
RUN useradd --create-home --uid 10001 perinatal
WORKDIR /opt/perinatal-equity
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY fhir_adapter fhir_adapter
COPY indicator_engine indicator_engine
COPY synthetic_bundles synthetic_bundles
COPY mappings mappings
RUN PIP_CONSTRAINT=constraints.txt pip install --no-cache-dir '.[postgres]'
USER perinatal
WORKDIR /home/perinatal
EXPOSE 8080
CMD ["perinatal", "serve", "--host", "0.0.0.0", "--port", "8080"]
