package orders

import (
	"slices"
	"time"
)

// An Order is a business object together with its access control list.
type Order struct {
	ID         string    `json:"id"`
	Item       string    `json:"item"`
	Owner      string    `json:"owner"`
	SharedWith []string  `json:"shared_with,omitempty"`
	Created    time.Time `json:"created"`
}

// A Caller is who a request comes from, once that has been established.
type Caller struct {
	Subject string
	Roles   []string
}

const (
	roleAdmin   = "admin"
	roleAuditor = "auditor"
)

func (c Caller) has(role string) bool { return slices.Contains(c.Roles, role) }

// MayRead reports whether the order's list lets c see it.
func (o *Order) MayRead(c Caller) bool {
	return o.MayShare(c) || slices.Contains(o.SharedWith, c.Subject)
}

// MayShare reports whether c may add readers: the owner and the role admin.
// Being a reader is not enough, or a share could never be taken back.
func (o *Order) MayShare(c Caller) bool {
	return o.Owner == c.Subject || c.has(roleAdmin)
}
