// Package orders is a microservice to put behind the gateway. It shows the
// half of authorisation that a gateway cannot do: an access control list on
// each business object. Whether a caller may use a route at all, by its roles,
// was decided at the edge; whether it may see this order is decided here.
//
// Each order has an owner and readers it is shared with; callers with the role
// admin see every order and may share it. An order that a caller may not see
// is answered with 404, exactly as one that does not exist: a 403 would tell
// strangers which identifiers are in use. Who may see an order but not share
// it gets a 403, since that caller knows already that the order exists.
//
// Who the caller is, httpauth knows. Where tokens are JWTs, engine/verifier
// verifies the forwarded one, so the service needs to trust nobody in between. Where the token says nothing (opaque mode), what is left is to
// believe the identity headers of a gateway that proves itself with a shared
// secret:
//
//	handler := orders.New().Handler(httpauth.Verify(verifier).Handler)
//
// Orders live in memory: the service is an example, not a shop.
package orders
