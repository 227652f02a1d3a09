"""Settings, all of them from the environment.

`RETAILOPS_ENV` is `development` (default), `test` or `production`. Production refuses to start without the variables
that it needs and names the missing one; development falls back to the embedded servers that `manage.py up` keeps.
"""

import os
import sys
from pathlib import Path
from typing import Any

import django_stubs_ext
import structlog
from csp.constants import NONCE, NONE, SELF
from psycopg.conninfo import conninfo_to_dict

from retailops.lib import log_lines
from retailops.lib.environment import EmbeddedServers, celery_url, data_dir, required, url_or_embedded

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
ENVIRONMENT = os.environ.get("RETAILOPS_ENV", "development")
PRODUCTION = ENVIRONMENT == "production"
TESTING = "pytest" in sys.modules or ENVIRONMENT == "test"
DEBUG = os.environ.get("DJANGO_DEBUG", "") == "1" and not PRODUCTION
DATA_DIR = data_dir(BASE_DIR, testing=TESTING)
SHARED_DIR = Path(os.environ.get("SHARED_DIR", BASE_DIR.parent / "shared"))
EMBEDDED = EmbeddedServers(DATA_DIR)
# What a running `manage.py up` chose (ports, demo mode), for commands in other terminals; the environment wins.
REMEMBERED = {} if PRODUCTION or TESTING else EMBEDDED.remembered()

SECRET_KEY = required("SECRET_KEY", production=PRODUCTION, fallback="development-only-" + "k" * 48)
ALLOWED_HOSTS = required("ALLOWED_HOSTS", production=PRODUCTION, fallback="*").split(",")
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("CSRF_TRUSTED_ORIGINS", "").split(",") if origin]
# Comma-separated Fernet keys, newest first: the first encrypts, all decrypt (rotation).
CREDENTIAL_KEYS = required(
    "CREDENTIAL_KEYS", production=PRODUCTION, fallback="ZGV2ZWxvcG1lbnQtb25seS1jcmVkZW50aWFsLWtleSE="
).split(",")
# Demo mode seeds people, shows their sign-ins and lets the sandbox's faults be switched from the connections page.
DEMO = os.environ.get("RETAILOPS_DEMO", REMEMBERED.get("RETAILOPS_DEMO", "")) == "1" and not PRODUCTION
SANDBOX_URL = os.environ.get("SANDBOX_URL", REMEMBERED.get("SANDBOX_URL", "http://127.0.0.1:8090"))
PUBLIC_URL = os.environ.get("PUBLIC_URL", REMEMBERED.get("PUBLIC_URL", "http://127.0.0.1:8000"))
# Outbound calls to loopback and private addresses are refused (SSRF) unless this is set; the sandbox lives on loopback.
ALLOW_PRIVATE_DESTINATIONS = not PRODUCTION or os.environ.get("ALLOW_PRIVATE_DESTINATIONS", "") == "1"

DATABASE_URL = url_or_embedded("DATABASE_URL", EMBEDDED.database_url, production=PRODUCTION)
REDIS_URL = url_or_embedded("REDIS_URL", EMBEDDED.redis_url, production=PRODUCTION)
BROKER_URL = os.environ.get("BROKER_URL", REDIS_URL)
# Keeps apart those who share one Redis: test workers, staging beside production.
REDIS_PREFIX = os.environ.get("REDIS_PREFIX", f"retailops-test-{os.getpid()}" if TESTING else "retailops")
METRICS_TOKEN = os.environ.get("METRICS_TOKEN", "")
# Attempts of finished deliveries are forgotten after that many days; 0 keeps them for ever.
ATTEMPT_RETENTION_DAYS = int(os.environ.get("ATTEMPT_RETENTION_DAYS", "0"))
# Bodies of inbox messages carry personal data; emptied that many days after they were taken (0 keeps them).
INBOX_BODY_RETENTION_DAYS = int(os.environ.get("INBOX_BODY_RETENTION_DAYS", "90"))
# Customers who bought nothing for that many days are erased, by region: "uk=2555,fr=1095"; a region without keeps them.
CUSTOMER_RETENTION_DAYS = {
    region.strip(): int(days)
    for region, _, days in (part.partition("=") for part in os.environ.get("CUSTOMER_RETENTION_DAYS", "").split(","))
    if region.strip()
}


def _database(url: str) -> dict[str, Any]:
    """Translate a libpq URL into Django's settings; pooled: a connection for each request costs seven times as much."""
    parts: dict[str, Any] = conninfo_to_dict(url)
    options = {k: v for k, v in parts.items() if k not in {"dbname", "user", "password", "host", "port"}}
    # Django turns prepared statements off; with a threshold that is never reached, those that ask for it are prepared.
    options["prepare_threshold"] = sys.maxsize
    pool = {"min_size": 1, "max_size": int(os.environ.get("DATABASE_POOL_SIZE", "12")), "timeout": 10}
    if TESTING:
        options["options"] = "-c retailops.truncate=on"  # test databases are emptied between tests
    else:
        options["pool"] = pool
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.get("dbname", "retailops"),
        "USER": parts.get("user", ""),
        "PASSWORD": parts.get("password", ""),
        "HOST": parts.get("host", ""),
        "PORT": str(parts.get("port", "")),
        "CONN_MAX_AGE": 0,
        "ATOMIC_REQUESTS": False,
        "OPTIONS": options,
    }


DATABASES = {"default": _database(DATABASE_URL)}
# A snapshot of 50,000 rows is the largest body that the API takes.
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": REDIS_PREFIX,
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "django_fsm",
    "csp",
    "heroicons",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "retailops.accounts",
    "retailops.events",
    "retailops.cases",
    "retailops.people",
    "retailops.replays",
    "retailops.sla",
    "retailops.audit_log",
    "inventory",
    "returns",
    "reconciliation",
    "connectors",
    "retailops.workbench",
    "retailops.runtime",
]

MIDDLEWARE = [
    "retailops.runtime.requests.RequestContext",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "retailops.lib.pages.Compressed",
    "retailops.lib.pages.ContentSecurityPolicy",
    "retailops.lib.pages.Sessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "retailops.lib.pages.People",
    "retailops.lib.pages.Messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "retailops.accounts.middleware.ActorMiddleware",
    "retailops.accounts.second_factor.SecondFactorMiddleware",
]

ROOT_URLCONF = "retailops.urls"
WSGI_APPLICATION = "retailops.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["retailops.workbench.templatetags.workbench"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "retailops.workbench.context.shell",
            ],
        },
    }
]

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
PASSWORD_HASHERS = (
    ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if TESTING
    else ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
)
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "retailops.accounts.adapter.ClosedSignUpAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
# Nobody is written to who is not a person here.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
MFA_ADAPTER = "retailops.accounts.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
# Addresses are given by whoever invites and proved by the link that sets the password.
MFA_ALLOW_UNVERIFIED_EMAIL = True
ACCOUNT_RATE_LIMITS = {} if TESTING else {"login_failed": "10/m/ip,5/5m/key"}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "retailops.accounts.authentication.ApiKeyAuthentication",
        "retailops.accounts.authentication.SessionReadAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "retailops.lib.openapi.ApiSchema",
    "EXCEPTION_HANDLER": "retailops.lib.problem.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# How long a process believes an API key that it has checked: a revoked key opens at most so much longer.
API_KEY_CACHE_SECONDS = 0 if TESTING else 3
# For how long a dashboard that was read is shown to whoever asks the same; 0 reads it anew each time.
DASHBOARD_KEEP_SECONDS = 0 if TESTING else int(os.environ.get("DASHBOARD_KEEP_SECONDS", "20"))
SPECTACULAR_SETTINGS = {
    "TITLE": "RetailOps API",
    "DESCRIPTION": "The control plane for a retailer's returns.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
}

CELERY_BROKER_URL = celery_url(BROKER_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_TASK_TIME_LIMIT = 50  # below every lease (60 s), so that a stuck task never outlives its claim
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
# A web request must not wait for a broker that is away: the sweep delivers what the nudge could not announce.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    "max_retries": 0,
    "visibility_timeout": 3600,
    "global_keyprefix": f"{REDIS_PREFIX}:",
}
CELERY_TASK_PUBLISH_RETRY = False

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Collected files are for production; elsewhere the finders serve the sources.
STATIC_ROOT = Path(os.environ.get("STATIC_ROOT", BASE_DIR / "staticfiles")) if PRODUCTION else None
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if PRODUCTION
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}
MEDIA_ROOT = DATA_DIR / "media"

EMAIL_BACKEND = os.environ.get("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("EMAIL_USE_TLS", "") == "1"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "RetailOps <retailops@localhost>")

CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
if PRODUCTION:
    SECURE_SSL_REDIRECT = os.environ.get("SECURE_SSL_REDIRECT", "1") == "1"
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]  # asked for inside, over plain HTTP
    SECURE_HSTS_SECONDS = 31536000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

_SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    log_lines.with_context,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            # Last, so that it sees all of a line: of ours and of libraries, tracebacks too.
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                log_lines.without_personal_data,
                structlog.processors.JSONRenderer(default=str),
            ],
            "foreign_pre_chain": _SHARED_PROCESSORS,
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("LOG_LEVEL", "INFO")},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "stripe": {"level": "WARNING"},
        "aiohttp.access": {"level": "WARNING"},
    },
}
structlog.configure(
    processors=[*_SHARED_PROCESSORS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
