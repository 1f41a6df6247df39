"""Where the pages are."""

from django.urls import path

from shop import views

urlpatterns = [
    path("", views.front),
    path("shelves/<str:category>/", views.shelf),
    path("visits/", views.visits),
    path("prices/<int:book>/", views.price),
]
