with page_views as (

    select * from {{ ref('fct_page_views') }}
    where {{ in_window('viewed_at') }}

)

select distinct
    user_key,
    viewed_at as cancelled_at
from page_views
where page = 'Cancellation Confirmation' and user_key <> {{ unknown_key() }}
