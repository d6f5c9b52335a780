"""The images the lab can make: Debian's programs with the ports, paths and entry points of the official images."""

from dataclasses import dataclass, field

from lab.images.archive import Runtime

_REGISTRY_ENTRYPOINT = """\
#!/bin/sh
set -e
case "$1" in
    *.yaml | *.yml) set -- registry serve "$@" ;;
    serve | garbage-collect | help | -*) set -- registry "$@" ;;
esac
exec "$@"
"""
_REGISTRY_CONFIG = """\
version: 0.1
log:
  fields:
    service: registry
storage:
  cache:
    blobdescriptor: inmemory
  filesystem:
    rootdirectory: /var/lib/registry
http:
  addr: :5000
  headers:
    X-Content-Type-Options: [nosniff]
health:
  storagedriver:
    enabled: true
    interval: 10s
    threshold: 3
"""
_NGINX_CONFIG = """\
user nginx;
worker_processes auto;
error_log /var/log/nginx/error.log notice;
pid /run/nginx.pid;

events {
    worker_connections 1024;
}

http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    log_format main '$remote_addr - $remote_user [$time_local] "$request" '
                    '$status $body_bytes_sent "$http_referer" '
                    '"$http_user_agent" "$http_x_forwarded_for"';
    access_log /var/log/nginx/access.log main;
    sendfile on;
    keepalive_timeout 65;
    include /etc/nginx/conf.d/*.conf;
}
"""
_NGINX_SITE = """\
server {
    listen 80;
    listen [::]:80;
    server_name localhost;

    location / {
        root /usr/share/nginx/html;
        index index.html index.htm;
    }

    error_page 500 502 503 504 /50x.html;
    location = /50x.html {
        root /usr/share/nginx/html;
    }
}
"""
_NGINX_ENTRYPOINT = '#!/bin/sh\nset -e\nexec "$@"\n'
_PAGE = "<!DOCTYPE html>\n<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>\n"


@dataclass(frozen=True)
class Recipe:
    """How an image is made."""

    reference: str
    packages: tuple[str, ...]
    # Paths or patterns in the unpacked packages that go in, with the shared libraries their programs need.
    keep: tuple[str, ...]
    runtime: Runtime
    suite: str = "trixie"
    links: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    scripts: dict[str, str] = field(default_factory=dict)
    directories: tuple[str, ...] = ()
    users: dict[str, int] = field(default_factory=dict)


RECIPES = {
    recipe.reference: recipe
    for recipe in (
        Recipe(
            reference="registry:2.8",
            packages=("docker-registry", "ca-certificates"),
            keep=("usr/bin/docker-registry",),
            links={"bin/registry": "/usr/bin/docker-registry"},
            files={"etc/docker/registry/config.yml": _REGISTRY_CONFIG},
            scripts={"entrypoint.sh": _REGISTRY_ENTRYPOINT},
            directories=("var/lib/registry",),
            runtime=Runtime(
                entrypoint=("/entrypoint.sh",),
                command=("/etc/docker/registry/config.yml",),
                ports=("5000/tcp",),
                volumes=("/var/lib/registry",),
            ),
        ),
        Recipe(
            reference="nginx:1",
            packages=("nginx", "ca-certificates"),
            keep=("usr/sbin/nginx", "etc/nginx/mime.types", "etc/nginx/*_params"),
            links={"var/log/nginx/access.log": "/dev/stdout", "var/log/nginx/error.log": "/dev/stderr"},
            files={
                "etc/nginx/nginx.conf": _NGINX_CONFIG,
                "etc/nginx/conf.d/default.conf": _NGINX_SITE,
                "usr/share/nginx/html/index.html": _PAGE.format("Welcome to nginx!"),
                "usr/share/nginx/html/50x.html": _PAGE.format("An error occurred."),
            },
            scripts={"docker-entrypoint.sh": _NGINX_ENTRYPOINT},
            directories=("var/lib/nginx", "var/cache/nginx", "docker-entrypoint.d"),
            users={"nginx": 101},
            runtime=Runtime(
                entrypoint=("/docker-entrypoint.sh",),
                command=("nginx", "-g", "daemon off;"),
                ports=("80/tcp",),
                stop_signal="SIGQUIT",
            ),
        ),
        Recipe(reference="busybox:1", packages=(), keep=(), runtime=Runtime(command=("sh",))),
    )
}
