"""The few words that every mail says by itself, in the languages that we have them in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from scheduler.messages.sandbox import Named

_KEYS = ("why", "preferences", "unsubscribe")
_WORDS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "en": ("Why you get this:", "Preferences", "Unsubscribe"),
        "de": ("Warum Sie dies erhalten:", "Einstellungen", "Abmelden"),
        "fr": ("Pourquoi vous recevez ce message :", "Préférences", "Se désabonner"),
        "es": ("Por qué recibe este mensaje:", "Preferencias", "Darse de baja"),
        "it": ("Perché riceve questo messaggio:", "Preferenze", "Annulla iscrizione"),
        "nl": ("Waarom u dit ontvangt:", "Voorkeuren", "Afmelden"),
        "pt": ("Porque recebe esta mensagem:", "Preferências", "Cancelar subscrição"),
        "pt-br": ("Por que você recebe esta mensagem:", "Preferências", "Cancelar inscrição"),
        "zh": ("您收到此消息的原因：", "偏好设置", "退订"),  # noqa: RUF001 - as Chinese writes it
        "pl": ("Dlaczego otrzymujesz tę wiadomość:", "Preferencje", "Wypisz się"),
    }
)
_NAMED = {language: Named("words", dict(zip(_KEYS, words, strict=True))) for language, words in _WORDS.items()}


def words_in(language: str) -> Named:
    """`why`, `preferences` and `unsubscribe` in a language like `de-AT`, or else in English."""
    tag = language.lower()
    return _NAMED.get(tag) or _NAMED.get(tag.partition("-")[0]) or _NAMED["en"]
