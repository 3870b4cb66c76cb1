package orders

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
)

const (
	maxBody = 4 << 10
	maxItem = 200
	maxName = 200
)

// A Service answers the routes of the package comment.
type Service struct {
	book *Book
	now  func() time.Time
}

// New returns the service with an empty book.
func New() *Service { return &Service{book: NewBook(), now: time.Now} }

// Handler serves the orders to the callers that know recognises, which is a
// handler of httpauth. Only /healthz is served to everybody.
func (s *Service) Handler(know func(http.Handler) http.Handler) http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /orders", s.mine)
	routes.HandleFunc("POST /orders", s.place)
	routes.HandleFunc("GET /orders/{id}", s.get)
	routes.HandleFunc("POST /orders/{id}/share", s.share)
	routes.HandleFunc("GET /admin/orders", s.all)
	routes.HandleFunc("GET /reports/daily", s.report)
	routes.HandleFunc("GET /whoami", whoami)

	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.Handle("/", know(routes))
	return mux
}

func (s *Service) mine(w http.ResponseWriter, r *http.Request) {
	answer(w, http.StatusOK, s.book.Mine(caller(r)))
}

func (s *Service) all(w http.ResponseWriter, r *http.Request) {
	c := caller(r)
	if !c.has(roleAdmin) {
		refuse(w, ErrForbidden)
		return
	}
	answer(w, http.StatusOK, s.book.All(c))
}

func (s *Service) place(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Item string `json:"item"`
	}
	if !read(w, r, &body) {
		return
	}
	if body.Item == "" || len(body.Item) > maxItem {
		fail(w, http.StatusBadRequest, "item has to be a text of 1 to 200 bytes")
		return
	}
	o, err := s.book.Place(caller(r), body.Item, s.now())
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Location", "/orders/"+o.ID)
	answer(w, http.StatusCreated, o)
}

func (s *Service) get(w http.ResponseWriter, r *http.Request) {
	o, err := s.book.Get(caller(r), r.PathValue("id"))
	if err != nil {
		refuse(w, err)
		return
	}
	answer(w, http.StatusOK, o)
}

func (s *Service) share(w http.ResponseWriter, r *http.Request) {
	var body struct {
		With string `json:"with"`
	}
	if !read(w, r, &body) {
		return
	}
	if body.With == "" || len(body.With) > maxName {
		fail(w, http.StatusBadRequest, "with has to be the id of a user, 1 to 200 bytes")
		return
	}
	if err := s.book.Share(caller(r), r.PathValue("id"), body.With); err != nil {
		refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// report shows an object whose list holds a role alone.
func (s *Service) report(w http.ResponseWriter, r *http.Request) {
	if !caller(r).has(roleAuditor) {
		refuse(w, ErrForbidden)
		return
	}
	day := s.now().UTC().Truncate(24 * time.Hour)
	answer(w, http.StatusOK, map[string]any{
		"day":    day.Format(time.DateOnly),
		"orders": s.book.CountSince(day),
	})
}

// read decodes a JSON body into v, or answers why it cannot.
func read(w http.ResponseWriter, r *http.Request, v any) bool {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	if err == nil {
		if _, more := dec.Token(); more != io.EOF {
			err = errors.New("more than one JSON value")
		}
	}
	if err == nil {
		return true
	}
	if big := (*http.MaxBytesError)(nil); errors.As(err, &big) {
		fail(w, http.StatusRequestEntityTooLarge, "the body is too large")
		return false
	}
	fail(w, http.StatusBadRequest, "the body has to be a JSON object: "+err.Error())
	return false
}

// refuse answers with the status that stands for err.
func refuse(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, ErrNotFound):
		status = http.StatusNotFound
	case errors.Is(err, ErrForbidden):
		status = http.StatusForbidden
	case errors.Is(err, ErrFull):
		status = http.StatusInsufficientStorage
	}
	fail(w, status, err.Error())
}

func fail(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]string{"error": message})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// What fails here is the connection, and nobody is left to tell.
	_ = json.NewEncoder(w).Encode(v)
}
