package introspect

import (
	"log/slog"

	"github.com/tollgate/tollgate/introspect/store"
)

// audit writes a line about who was given or denied what. Tokens appear by
// their ids, never by their text.
func (s *Service) audit(event string, attrs ...any) {
	s.log.Info("audit", append([]any{slog.String("event", event)}, attrs...)...)
}

// auditFailedLogin names the user only where there is one: people type their
// password into the wrong field.
func (s *Service) auditFailedLogin(user *store.User, network string) {
	if user == nil {
		s.audit("login", "outcome", "unknown user", "network", network)
		return
	}
	s.audit("login", "outcome", "refused", "user", user.ID, "network", network, "disabled", user.Disabled)
}
